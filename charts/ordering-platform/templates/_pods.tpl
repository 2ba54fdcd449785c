{{/* The restricted pod standard, for a user: 10001. */}}
{{- define "op.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  fsGroup: {{ . }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "op.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: {{ . }}
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Where pods run and what they pull with. */}}
{{- define "op.placement" -}}
serviceAccountName: {{ include "op.name" (list . "pods") }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* One container with our image: (list $ name topology-name args resources). */}}
{{- define "op.container" -}}
{{- $root := index . 0 -}}
{{- $one := index (include "op.topology" $root | fromYaml) (index . 2) -}}
name: {{ index . 1 }}
image: {{ include "op.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: {{ index . 3 | toJson }}
{{ include "op.containerSecurity" (not $root.Values.liveUpdate) }}
envFrom:
  - configMapRef:
      name: {{ include "op.name" (list $root "settings") }}
{{- with include "op.env" (list $root (index . 2)) | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml (index . 4) | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if $one.signs }}
  - name: signing-keys
    mountPath: /keys
    readOnly: true
  {{- end }}
{{- end }}

{{/* Waits until the database is there and up to date: (list $ topology-name). */}}
{{- define "op.waitForDatabase" -}}
{{- $root := index . 0 -}}
{{ include "op.container" (list $root "wait-for-database" (index . 1) (list "db" "wait" "--timeout" "300") $root.Values.migrations.resources) }}
{{- end }}
