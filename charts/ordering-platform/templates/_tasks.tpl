{{/* Pod of something that runs to its end: (list $ topology-name containers init-containers). */}}
{{- define "op.taskPod" -}}
{{- $root := index . 0 -}}
{{- $one := index (include "op.topology" $root | fromYaml) (index . 1) -}}
metadata:
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
    {{- with $root.Values.pod.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $root.Values.pod.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: OnFailure
  {{- include "op.placement" $root | nindent 2 }}
  {{- include "op.podSecurity" 10001 | nindent 2 }}
  {{- with index . 3 }}
  initContainers:
    {{- range . }}
    - {{ . | nindent 6 | trim }}
    {{- end }}
  {{- end }}
  containers:
    - {{ index . 2 | nindent 6 | trim }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
{{- end }}

{{/* Head of such a Job. Its name changes with what it depends on, because Jobs cannot be changed: (list $ "migrate"). */}}
{{- define "op.jobHead" -}}
{{- $root := index . 0 -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "op.name" (list $root (printf "%s-%s" (index . 1) (include "op.generation" $root))) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root (index . 1)) | nindent 4 }}
{{- end }}
