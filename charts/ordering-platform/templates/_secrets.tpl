{{- define "op.databaseSecret" -}}
{{ .Values.externalDatabase.existingSecret | default .Values.postgresql.existingSecret | default (include "op.name" (list . "database")) }}
{{- end }}

{{- define "op.brokerSecret" -}}
{{ .Values.externalBroker.existingSecret | default .Values.rabbitmq.existingSecret | default (include "op.name" (list . "broker")) }}
{{- end }}

{{- define "op.keysSecret" -}}
{{ .Values.signingKeys.existingSecret | default (include "op.name" (list . "signing-keys")) }}
{{- end }}

{{- define "op.paymentSecret" -}}
{{ .Values.payments.existingSecret | default (include "op.name" (list . "payments")) }}
{{- end }}

{{- define "op.staffSecret" -}}
{{ .Values.smoke.existingSecret | default (include "op.name" (list . "smoke")) }}
{{- end }}

{{/* What a Secret of this release holds in the cluster; nothing where there is no cluster. (list $ name) */}}
{{- define "op.held" -}}
{{- $root := index . 0 -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace (index . 1) | default dict -}}
{{- $found.data | default dict | toJson -}}
{{- end }}

{{/* A password: the pinned one, else the one that is held, else a new one. (list $ held key) */}}
{{- define "op.password" -}}
{{- $root := index . 0 -}}
{{- $held := index (index . 1) (index . 2) -}}
{{- if $root.Values.developmentPassword -}}
{{ $root.Values.developmentPassword }}
{{- else if $held -}}
{{ $held | b64dec }}
{{- else -}}
{{ randAlphaNum 32 }}
{{- end -}}
{{- end }}

{{/* Head of a Secret that outlives the release, because the data it opens does. (list $ "database" name) */}}
{{- define "op.secretHead" -}}
{{- $root := index . 0 -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ index . 2 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root (index . 1)) | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
{{- end }}
