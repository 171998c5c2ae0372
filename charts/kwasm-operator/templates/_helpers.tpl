{{- define "kwasm-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, unless it lacks the chart's: then both. Names of a Service have 63 characters. */}}
{{- define "kwasm-operator.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $both | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kwasm-operator.metricsName" -}}
{{- printf "%s-metrics" (include "kwasm-operator.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "kwasm-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kwasm-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kwasm-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kwasm-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "kwasm-operator.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "kwasm-operator.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $default -}}
{{- end -}}

{{- define "kwasm-operator.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "kwasm-operator.installerImage" -}}
{{- .Values.kwasmOperator.installerImage | default (printf "ghcr.io/kwasm/kwasm-node-installer:%s" .Chart.AppVersion) -}}
{{- end -}}

{{- define "kwasm-operator.askReadiness" -}}
const response = await fetch(process.env.READY_URL);
console.log(response.status, await response.text());
process.exit(response.ok ? 0 : 1);
{{- end -}}
