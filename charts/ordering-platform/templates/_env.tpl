{{/* Environment of one of our containers: (list $ "auth"). What is the same for all is in the ConfigMap. */}}
{{- define "op.env" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $one := index (include "op.topology" $root | fromYaml) $name -}}
{{- $values := index $root.Values.services $name | default dict -}}
{{- if $one.database }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "op.databaseSecret" $root }}
      key: {{ $one.database }}-url
{{- end }}
{{- if $one.broker }}
- name: AMQP_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "op.brokerSecret" $root }}
      key: {{ $one.broker }}-url
{{- end }}
{{- if $one.signs }}
- name: ORDERING_SIGNING_KEYS_FILE
  value: /keys/signing-keys
- name: JWKS_URL
  value: http://127.0.0.1:8000/.well-known/jwks.json
{{- end }}
{{- if eq $name "payment" }}
{{- range $key := list "sandbox-webhook-secret" "stripe-secret-key" "stripe-webhook-secret" }}
- name: ORDERING_{{ $key | upper | replace "-" "_" }}
  valueFrom:
    secretKeyRef:
      name: {{ include "op.paymentSecret" $root }}
      key: {{ $key }}
      {{- if hasPrefix "stripe" $key }}
      optional: true
      {{- end }}
{{- end }}
{{- with $root.Values.settings.ORDERING_PAYMENT_PROVIDERS }}
- name: ORDERING_PAYMENT_PROVIDERS
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- if not $one.task }}
{{- with ternary $values.trustedProxies $root.Values.podNetworks (hasKey $one "public") }}
- name: ORDERING_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- with $values.pool }}
- name: ORDERING_DB_POOL_SIZE
  value: {{ .size | quote }}
- name: ORDERING_DB_POOL_OVERFLOW
  value: {{ .overflow | quote }}
{{- end }}
{{- range $key, $value := $values.settings }}
- name: {{ $key }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Settings that are the same for all. */}}
{{- define "op.settings" -}}
PUBLIC_URL: {{ include "op.publicUrl" . | quote }}
JWKS_URL: {{ include "op.url" (list . "auth") }}/.well-known/jwks.json
ORDERING_HTTP_PORT: "8000"
ORDERING_INTERNAL_PORT: "9090"
{{- range $name := list "auth" "order" "payment" "promotion" }}
ORDERING_{{ upper $name }}_URL: {{ include "op.url" (list $ $name) }}
{{- end }}
{{- /* The ways to pay are told to payment-service alone, which alone has the secrets they need. */}}
{{- range $key, $value := omit .Values.settings "ORDERING_PAYMENT_PROVIDERS" }}
{{ $key }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}
