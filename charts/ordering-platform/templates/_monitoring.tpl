{{/* Tells Prometheus' operator where the metrics are: (list $ "auth"). */}}
{{- define "op.podMonitor" -}}
{{- $root := index . 0 }}
{{- $one := index (include "op.topology" $root | fromYaml) (index . 1) }}
{{- with $root.Values.metrics.podMonitor }}
{{- if .enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "op.name" (list $root $one.pod) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "op.selector" (list $root $one.pod) | nindent 6 }}
  podMetricsEndpoints:
    - port: metrics
      path: /metrics
      interval: {{ .interval }}
{{- end }}
{{- end }}
{{- end }}
