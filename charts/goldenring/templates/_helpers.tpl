{{- define "goldenring.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "goldenring.instance" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What selects the pods of the API, and never changes. */}}
{{- define "goldenring.selector" -}}
{{ include "goldenring.instance" . }}
app.kubernetes.io/component: api
{{- end -}}

{{/* Labels of an object. Takes a list: the context and the component. */}}
{{- define "goldenring.labels" -}}
{{- $context := index . 0 -}}
{{ include "goldenring.instance" $context }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "goldenring.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.demo.enabled }}{{ $tag = printf "%s-demo" (trimSuffix "-demo" $tag) }}{{ end -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{- define "goldenring.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "goldenring.fullname" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end -}}

{{/* Bun would size its heap by the memory of the whole node. The rule is in docs/api.md (Memory); nothing without a limit. Takes resources. */}}
{{- define "goldenring.heapBytes" -}}
{{- $memory := toString (dig "limits" "memory" "" .) -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "k" 1000 "M" 1000000 "G" 1000000000 "" 1 -}}
{{- with regexFind "^[0-9]+" $memory }}{{ div (mul (atoi .) (get $units (trimPrefix . $memory)) 3) 4 }}{{ end -}}
{{- end -}}

{{/* The API stops accepting after the delay, then finishes what is open; 5 s are left to close its connections. */}}
{{- define "goldenring.graceSeconds" -}}
{{- with .Values.shutdown }}{{ add .preStopSeconds (ceil (divf (add .delayMs .graceMs) 1000.0)) 5 }}{{ end -}}
{{- end -}}

{{/* The URL of the database. Takes a dict with context and the values that name it: database or migration. */}}
{{- define "goldenring.databaseUrl" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ default (printf "%s-database" (include "goldenring.fullname" .context)) .source.existingSecret }}
      key: {{ ternary .source.secretKey "url" (ne .source.existingSecret "") }}
{{- end -}}

{{/* The certificate of the database's authority, for sslrootcert=/etc/goldenring/database/ca.crt. */}}
{{- define "goldenring.caVolume" -}}
{{- with .Values.database.ca }}
{{- if .existingSecret }}
- name: database-ca
  secret: {secretName: {{ .existingSecret }}, items: [{key: {{ .key | quote }}, path: ca.crt}]}
{{- else if .existingConfigMap }}
- name: database-ca
  configMap: {name: {{ .existingConfigMap }}, items: [{key: {{ .key | quote }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- end -}}

{{- define "goldenring.caMount" -}}
{{- if or .Values.database.ca.existingSecret .Values.database.ca.existingConfigMap }}
- {name: database-ca, mountPath: /etc/goldenring/database, readOnly: true}
{{- end }}
{{- end -}}
