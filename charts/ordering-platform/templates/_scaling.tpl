{{/* Autoscaler and disruption budget: (list $ "auth" many). */}}
{{- define "op.scaling" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $one := index (include "op.topology" $root | fromYaml) $name }}
{{- $values := index $root.Values.services $name }}
{{- $fullname := include "op.name" (list $root $one.pod) }}
{{- $scale := $values.autoscaling }}
{{- if index . 2 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "op.selector" (list $root $one.pod) | nindent 6 }}
{{- end }}
{{- if and $scale.enabled (not $scale.queueLength) }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $fullname }}
  minReplicas: {{ $scale.minReplicas }}
  maxReplicas: {{ $scale.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scale.cpu }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
{{- else if $scale.enabled }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  secretTargetRef:
    - parameter: host
      name: {{ include "op.brokerSecret" $root }}
      key: {{ $one.broker }}-url
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  scaleTargetRef:
    name: {{ $fullname }}
  minReplicaCount: {{ $scale.minReplicas }}
  maxReplicaCount: {{ $scale.maxReplicas }}
  triggers:
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ $scale.cpu | quote }}
    - type: rabbitmq
      metadata:
        protocol: amqp
        queueName: rpc-{{ $name }}
        mode: QueueLength
        value: {{ $scale.queueLength | quote }}
      authenticationRef:
        name: {{ $fullname }}
{{- end }}
{{- end }}
