{{/*
Who needs what and who speaks to whom. Environment, secrets, init containers and network policies are made from this
table and from nothing else.

  pod        name of the pod, after the release's
  task       runs once or now and then instead of serving
  database   role on PostgreSQL; none where it is missing
  broker     user on RabbitMQ, which is also the name its calls are known by
  signs      holds the private signing keys
  listens    connections it keeps to the database beside its pool
  calls      whom it reaches over HTTP (calls between services go through the broker)
  outside    may reach addresses outside the cluster
*/}}
{{- define "op.topology" -}}
gateway:
  pod: api-gateway
  public: true
  calls: [auth, order, payment, promotion]
auth:
  pod: auth-service
  database: auth
  broker: auth
  signs: true
  calls: []
order:
  pod: order-service
  database: order
  broker: order
  listens: 1
  calls: [auth]
payment:
  pod: payment-service
  database: payment
  broker: payment
  outside: true
  calls: [auth]
promotion:
  pod: promotion-service
  database: promotion
  broker: promotion
  calls: [auth]
migrate:
  pod: migrate
  task: true
  database: owner
  calls: []
{{- if .Values.seed.enabled }}
seed:
  pod: seed
  task: true
  database: owner
  calls: []
{{- end }}
{{- if .Values.backup.enabled }}
backup:
  pod: backup
  task: true
  database: owner
  calls: []
{{- end }}
{{- if .Values.shell.enabled }}
shell:
  pod: shell
  task: true
  database: owner
  broker: payment
  calls: []
{{- end }}
smoke:
  pod: smoke
  task: true
  calls: [gateway]
{{- end }}

{{/* The roles on the database, the owner first. */}}
{{- define "op.roles" -}}
owner,auth,order,payment,promotion
{{- end }}
