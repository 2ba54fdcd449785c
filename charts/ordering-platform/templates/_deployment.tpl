{{/* Everything of one service: (list $ "auth"). */}}
{{- define "op.service" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $one := index (include "op.topology" $root | fromYaml) $name }}
{{- $values := index $root.Values.services $name }}
{{- $fullname := include "op.name" (list $root $one.pod) }}
{{- $many := gt (ternary (int $values.autoscaling.minReplicas) (int $values.replicas) $values.autoscaling.enabled) 1 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
spec:
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "op.selector" (list $root $one.pod) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "op.labels" (list $root $one.pod) | nindent 8 }}
        {{- with $root.Values.pod.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ include "op.settings" $root | sha256sum }}
        {{- with $root.Values.pod.annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "op.placement" $root | nindent 6 }}
      {{- include "op.podSecurity" 10001 | nindent 6 }}
      terminationGracePeriodSeconds: 45
      {{- if $many }}
      topologySpreadConstraints:
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "op.selector" (list $root $one.pod) | nindent 14 }}
        {{- end }}
      {{- end }}
      {{- if $one.database }}
      initContainers:
        - {{ include "op.waitForDatabase" (list $root $name) | nindent 10 | trim }}
      {{- end }}
      containers:
        - {{ include "op.container" (list $root $one.pod $name (list "serve" $name) $values.resources) | nindent 10 | trim }}
          ports:
            - name: http
              containerPort: 8000
              protocol: TCP
            - name: metrics
              containerPort: 9090
              protocol: TCP
          # Imports take a few seconds at half a core.
          startupProbe:
            httpGet: {path: /health/live, port: http}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 60
          # The process only: restarting it would bring back neither database nor broker.
          livenessProbe:
            httpGet: {path: /health/live, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: {path: /health/ready, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          lifecycle:
            # Requests still arrive until every node has heard that the pod leaves.
            preStop:
              sleep:
                seconds: 5
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        {{- if $one.signs }}
        - name: signing-keys
          secret:
            secretName: {{ include "op.keysSecret" $root }}
            defaultMode: 0440
            items:
              - key: signing-keys
                path: signing-keys
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "op.labels" (list $root $one.pod) | nindent 4 }}
  {{- if and $one.public $root.Values.service.annotations }}
  annotations:
    {{- toYaml $root.Values.service.annotations | nindent 4 }}
  {{- end }}
spec:
  type: {{ ternary $root.Values.service.type "ClusterIP" (hasKey $one "public") }}
  selector:
    {{- include "op.selector" (list $root $one.pod) | nindent 4 }}
  ports:
    - name: http
      port: 8000
      targetPort: http
      protocol: TCP
      appProtocol: http
{{- include "op.scaling" (list $root $name $many) }}
{{- include "op.networkPolicy" (list $root $name) }}
{{- include "op.podMonitor" (list $root $name) }}
{{- end }}
