{{/* Name of something of this release: (list $ "auth-service"). */}}
{{- define "op.name" -}}
{{- $root := index . 0 -}}
{{- printf "%s-%s" ($root.Release.Name | trunc 40 | trimSuffix "-") (index . 1) -}}
{{- end }}

{{/* Labels by which pods are selected; they never change. (list $ "auth-service") */}}
{{- define "op.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: ordering-platform
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* All labels. (list $ "auth-service") */}}
{{- define "op.labels" -}}
{{- $root := index . 0 -}}
{{ include "op.selector" . }}
app.kubernetes.io/part-of: ordering-platform
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Our image. */}}
{{- define "op.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The address guests reach: said, or that of the ingress. */}}
{{- define "op.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{ .Values.publicUrl | trimSuffix "/" }}
{{- else if and .Values.ingress.enabled .Values.ingress.host -}}
{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ .Values.ingress.host }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames -}}
https://{{ first .Values.httpRoute.hostnames }}
{{- end -}}
{{- end }}

{{/* Address of a service inside the cluster: (list $ "auth"). */}}
{{- define "op.url" -}}
{{- $root := index . 0 -}}
{{- $one := index (include "op.topology" $root | fromYaml) (index . 1) -}}
http://{{ include "op.name" (list $root $one.pod) }}:8000
{{- end }}

{{/* Something that changes with the image and with where the data is: part of the name of what runs once. */}}
{{- define "op.generation" -}}
{{- $what := list (include "op.image" .) .Chart.Version .Values.postgresql.enabled .Values.externalDatabase .Values.migrations -}}
{{- $what | toJson | sha256sum | trunc 8 -}}
{{- end }}
