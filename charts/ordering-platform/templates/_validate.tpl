{{/* Connections all services may hold at once while they are being rolled: one pod more of each. */}}
{{- define "op.connections" -}}
{{- $most := 10 -}}
{{- range $name, $one := include "op.topology" . | fromYaml -}}
{{- if and $one.database (not $one.task) -}}
{{- $values := index $.Values.services $name -}}
{{- $pods := ternary $values.autoscaling.maxReplicas $values.replicas $values.autoscaling.enabled -}}
{{- $each := add $values.pool.size $values.pool.overflow ($one.listens | default 0) -}}
{{- $most = add $most (mul (add $pods 1) $each) -}}
{{- end -}}
{{- end -}}
{{ $most }}
{{- end }}

{{/* What the schema cannot say: rules between values, each with how to mend it. */}}
{{- define "op.validate" -}}
{{- $v := .Values -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}
{{- fail "\n\ningress.enabled needs ingress.host: the name under which guests reach the platform, such as orders.example." -}}
{{- end -}}
{{- if and $v.httpRoute.enabled (not (and $v.httpRoute.hostnames $v.httpRoute.parentRefs)) -}}
{{- fail "\n\nhttpRoute.enabled needs httpRoute.hostnames and httpRoute.parentRefs: the names guests use, and the Gateway that listens for them." -}}
{{- end -}}
{{- if not (include "op.publicUrl" .) -}}
{{- fail "\n\npublicUrl is missing: the address guests reach, such as https://orders.example. It is printed in the QR codes on the tables." -}}
{{- end -}}
{{- if and (or $v.ingress.enabled $v.httpRoute.enabled) (not $v.services.gateway.trustedProxies) -}}
{{- fail "\n\nservices.gateway.trustedProxies is missing: the networks of your ingress controller's pods, such as [10.244.0.0/16]. Without it all guests seem to come from one address and share one rate limit." -}}
{{- end -}}
{{- if and $v.postgresql.enabled $v.externalDatabase.existingSecret -}}
{{- fail "\n\nThere are two databases: set postgresql.enabled=false to use externalDatabase, or remove externalDatabase.existingSecret." -}}
{{- end -}}
{{- if not (or $v.postgresql.enabled $v.externalDatabase.existingSecret) -}}
{{- fail "\n\nThere is no database: set externalDatabase.existingSecret to a Secret with the keys owner-url, auth-url, order-url, payment-url and promotion-url, or postgresql.enabled=true." -}}
{{- end -}}
{{- if and $v.rabbitmq.enabled $v.externalBroker.existingSecret -}}
{{- fail "\n\nThere are two brokers: set rabbitmq.enabled=false to use externalBroker, or remove externalBroker.existingSecret." -}}
{{- end -}}
{{- if not (or $v.rabbitmq.enabled $v.externalBroker.existingSecret) -}}
{{- fail "\n\nThere is no broker: set externalBroker.existingSecret to a Secret with the keys auth-url, order-url, payment-url and promotion-url, or rabbitmq.enabled=true." -}}
{{- end -}}
{{- range $name, $one := $v.services -}}
{{- if gt (int $one.autoscaling.minReplicas) (int $one.autoscaling.maxReplicas) -}}
{{- fail (printf "\n\nservices.%s.autoscaling: minReplicas (%v) is above maxReplicas (%v)." $name $one.autoscaling.minReplicas $one.autoscaling.maxReplicas) -}}
{{- end -}}
{{- end -}}
{{- if and $v.services.gateway.autoscaling.enabled $v.services.gateway.autoscaling.queueLength -}}
{{- fail "\n\nservices.gateway.autoscaling.queueLength: the gateway has no queue; scale it by cpu." -}}
{{- end -}}
{{- if and $v.metrics.podMonitor.enabled $v.networkPolicy.enabled (not $v.networkPolicy.metricsFrom) -}}
{{- fail "\n\nmetrics.podMonitor needs networkPolicy.metricsFrom: who may read the metrics, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]." -}}
{{- end -}}
{{- if and (eq (toString $v.settings.ORDERING_REGISTRATION) "open") (not $v.settings.ORDERING_DEFAULT_VENUE) -}}
{{- fail "\n\nsettings.ORDERING_REGISTRATION=open needs settings.ORDERING_DEFAULT_VENUE: the venue that people who register join." -}}
{{- end -}}
{{- $ways := splitList "," (toString ($v.services.payment.settings.ORDERING_PAYMENT_PROVIDERS | default $v.settings.ORDERING_PAYMENT_PROVIDERS)) -}}
{{- if and (has "stripe" $ways) (not $v.payments.existingSecret) -}}
{{- fail "\n\nORDERING_PAYMENT_PROVIDERS names stripe, which needs payments.existingSecret: a Secret with the keys stripe-secret-key, stripe-webhook-secret and sandbox-webhook-secret." -}}
{{- end -}}
{{- if and (has "stripe" $ways) $v.networkPolicy.enabled (not $v.networkPolicy.paymentProviders) -}}
{{- fail "\n\nORDERING_PAYMENT_PROVIDERS names stripe, which needs networkPolicy.paymentProviders: the networks of its API, or [0.0.0.0/0] for all of the internet." -}}
{{- end -}}
{{- $most := ternary $v.postgresql.maxConnections $v.externalDatabase.maxConnections $v.postgresql.enabled -}}
{{- $need := include "op.connections" . -}}
{{- if gt (int $need) (int $most) -}}
{{- $where := ternary "postgresql.maxConnections" "externalDatabase.maxConnections" $v.postgresql.enabled -}}
{{- fail (printf "\n\nThe services may open %s connections, and %s allows %v. They are counted as the sum over the services of (replicas + 1) x (pool.size + pool.overflow), one more for each pod of order-service, and 10 for everybody else. Lower services.*.pool or replicas, or raise %s." $need $where $most $where) -}}
{{- end -}}
{{- end }}
