{{/* One peer by the pods of this release: (list $ "auth-service"). */}}
{{- define "op.peer" -}}
podSelector:
  matchLabels:
    {{- include "op.selector" . | nindent 4 }}
{{- end }}

{{/* Rule towards something that is bundled or elsewhere: (list $ bundled? component networks port). */}}
{{- define "op.egressTo" -}}
- to:
    {{- if index . 1 }}
    - {{ include "op.peer" (list (index . 0) (index . 2)) | nindent 6 | trim }}
    {{- else }}
    {{- range index . 3 }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
    {{- end }}
  ports:
    - port: {{ index . 4 }}
      protocol: TCP
{{- end }}

{{/* Whom one kind of pod may reach and who may reach it: (list $ "auth"). */}}
{{- define "op.networkPolicy" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $topology := include "op.topology" $root | fromYaml }}
{{- $one := index $topology $name }}
{{- $values := $root.Values }}
{{- if $values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "op.name" (list $root $one.pod) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "op.selector" (list $root $one.pod) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if not $one.task }}
  ingress:
    {{- range $caller, $other := $topology }}
    {{- if has $name $other.calls }}
    - from:
        - {{ include "op.peer" (list $root $other.pod) | nindent 10 | trim }}
      ports:
        - port: 8000
          protocol: TCP
    {{- end }}
    {{- end }}
    {{- if $one.public }}
    - ports:
        - port: 8000
          protocol: TCP
      {{- with $values.networkPolicy.gatewayFrom }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
    {{- with $values.networkPolicy.metricsFrom }}
    - from:
        {{- toYaml . | nindent 8 }}
      ports:
        - port: 9090
          protocol: TCP
    {{- end }}
  {{- end }}
  egress:
    {{- if $one.database }}
    {{- include "op.egressTo" (list $root $values.postgresql.enabled "postgresql" $values.externalDatabase.networks $values.externalDatabase.port) | nindent 4 }}
    {{- end }}
    {{- if $one.broker }}
    {{- include "op.egressTo" (list $root $values.rabbitmq.enabled "rabbitmq" $values.externalBroker.networks $values.externalBroker.port) | nindent 4 }}
    {{- end }}
    {{- range $one.calls }}
    {{- include "op.egressTo" (list $root true (index $topology .).pod list 8000) | nindent 4 }}
    {{- end }}
    {{- if and $one.outside $values.networkPolicy.paymentProviders }}
    {{- include "op.egressTo" (list $root false "" $values.networkPolicy.paymentProviders 443) | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Who may reach the bundled database or broker: (list $ "postgresql" "database" port more-peers). */}}
{{- define "op.networkPolicyOfStore" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
{{- $need := index . 2 }}
{{- if $root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "op.name" (list $root $component) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $component) | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "op.selector" (list $root $component) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        {{- range $name, $one := include "op.topology" $root | fromYaml }}
        {{- if index $one $need }}
        - {{ include "op.peer" (list $root $one.pod) | nindent 10 | trim }}
        {{- end }}
        {{- end }}
        {{- with index . 4 }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - port: {{ index . 3 }}
          protocol: TCP
{{- end }}
{{- end }}
