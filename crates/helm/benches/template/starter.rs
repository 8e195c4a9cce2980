//! A chart of the shape and size of the one that `helm create` makes: a workload with everything
//! that people usually add to one, most of it switched off.

/// Its files.
pub(crate) const FILES: [(&str, &str); 11] = [
    ("Chart.yaml", CHART),
    (".helmignore", IGNORED),
    ("values.yaml", VALUES),
    ("templates/_names.tpl", NAMES),
    ("templates/deployment.yaml", DEPLOYMENT),
    ("templates/service.yaml", SERVICE),
    ("templates/account.yaml", ACCOUNT),
    ("templates/autoscaler.yaml", AUTOSCALER),
    ("templates/ingress.yaml", INGRESS),
    ("templates/NOTES.txt", NOTES),
    ("templates/tests/reachable.yaml", REACHABLE),
];

const CHART: &str = "apiVersion: v2
name: starter
description: What a new service begins with
# Libraries can't be installed.
type: application
# The chart's own version: it changes with every change of the chart.
version: 0.1.0
# The version of what is installed, in quotes because not every version is a number.
appVersion: \"1.16.0\"
";

const IGNORED: &str = "# What editors, systems and version control leave behind.
.DS_Store
.git/
.gitignore
.bzr/
.hg/
.svn/
*.swp
*.bak
*.tmp
*.orig
*~
.project
.idea/
.vscode/
";

const VALUES: &str = "# How many copies run, unless an autoscaler decides.
replicaCount: 1

# Where the image comes from.
image:
  repository: nginx
  # Always, IfNotPresent or Never.
  pullPolicy: IfNotPresent
  # Another one than the chart's appVersion.
  tag: \"\"

# Secrets for registries that ask who is there.
imagePullSecrets: []
# Other names than the chart's and the release's.
nameOverride: \"\"
fullnameOverride: \"\"

# The account that the pods run under.
serviceAccount:
  # Made by the chart, or there already.
  create: true
  # Whether its token is mounted.
  automount: true
  annotations: {}
  # Without a name, it is that of the release.
  name: \"\"

# For people and tools.
podAnnotations: {}
podLabels: {}

podSecurityContext: {}
  # fsGroup: 2000

securityContext: {}
  # capabilities:
  #   drop:
  #   - ALL
  # readOnlyRootFilesystem: true
  # runAsNonRoot: true
  # runAsUser: 1000

service:
  # ClusterIP, NodePort or LoadBalancer.
  type: ClusterIP
  port: 80

# How it is seen from outside.
ingress:
  enabled: false
  className: \"\"
  annotations: {}
    # kubernetes.io/ingress.class: nginx
    # kubernetes.io/tls-acme: \"true\"
  hosts:
    - host: starter.example
      paths:
        - path: /
          pathType: ImplementationSpecific
  tls: []
  #  - secretName: starter-tls
  #    hosts:
  #      - starter.example

# Who installs it knows what it needs; small clusters have room for little.
resources: {}
  # limits:
  #   cpu: 100m
  #   memory: 128Mi
  # requests:
  #   cpu: 100m
  #   memory: 128Mi

livenessProbe:
  httpGet:
    path: /
    port: http
readinessProbe:
  httpGet:
    path: /
    port: http

autoscaling:
  enabled: false
  minReplicas: 1
  maxReplicas: 100
  targetCPUUtilizationPercentage: 80
  # targetMemoryUtilizationPercentage: 80

volumes: []
# - name: settings
#   secret:
#     secretName: settings
#     optional: false

volumeMounts: []
# - name: settings
#   mountPath: /etc/settings
#   readOnly: true

nodeSelector: {}

tolerations: []

affinity: {}
";

const NAMES: &str = r#"{{/* The chart's name, or what stands for it. */}}
{{- define "starter.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What objects are called. Labels have 63 bytes; a release that is named after the chart needs
     no second name. */}}
{{- define "starter.fullname" -}}
{{- with .Values.fullnameOverride }}
{{- . | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $chart := .Values.nameOverride | default .Chart.Name }}
{{- if .Release.Name | contains $chart }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $chart | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* The chart and its version in one label. */}}
{{- define "starter.version" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What pods are found by. */}}
{{- define "starter.selector" -}}
app.kubernetes.io/name: {{ include "starter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What everything is labelled with. */}}
{{- define "starter.labels" -}}
helm.sh/chart: {{ include "starter.version" . }}
{{ include "starter.selector" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Who the pods are. */}}
{{- define "starter.account" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "starter.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
"#;

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "starter.fullname" . }}
  labels:
    {{- include "starter.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "starter.selector" . | nindent 6 }}
  template:
    metadata:
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      labels:
        {{- include "starter.labels" . | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      serviceAccountName: {{ include "starter.account" . }}
      {{- with .Values.podSecurityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .Chart.Name }}
          {{- with .Values.securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
              protocol: TCP
          {{- with .Values.livenessProbe }}
          livenessProbe:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .Values.readinessProbe }}
          readinessProbe:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .Values.volumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with .Values.volumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
"#;

const SERVICE: &str = r#"apiVersion: v1
kind: Service
metadata:
  name: {{ include "starter.fullname" . }}
  labels:
    {{- include "starter.labels" . | nindent 4 }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - port: {{ .Values.service.port }}
      targetPort: http
      protocol: TCP
      name: http
  selector:
    {{- include "starter.selector" . | nindent 4 }}
"#;

const ACCOUNT: &str = r#"{{- if .Values.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "starter.account" . }}
  labels:
    {{- include "starter.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
{{- end }}
"#;

const AUTOSCALER: &str = r#"{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "starter.fullname" . }}
  labels:
    {{- include "starter.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "starter.fullname" . }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  metrics:
    {{- range $resource, $target := dict "cpu" .Values.autoscaling.targetCPUUtilizationPercentage "memory" .Values.autoscaling.targetMemoryUtilizationPercentage }}
    {{- if $target }}
    - type: Resource
      resource:
        name: {{ $resource }}
        target:
          type: Utilization
          averageUtilization: {{ $target }}
    {{- end }}
    {{- end }}
{{- end }}
"#;

const INGRESS: &str = r#"{{- if .Values.ingress.enabled -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "starter.fullname" . }}
  labels:
    {{- include "starter.labels" . | nindent 4 }}
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- if .Values.ingress.tls }}
  tls:
    {{- range .Values.ingress.tls }}
    - hosts:
        {{- range .hosts }}
        - {{ . | quote }}
        {{- end }}
      secretName: {{ .secretName }}
    {{- end }}
  {{- end }}
  rules:
    {{- range .Values.ingress.hosts }}
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ .path }}
            {{- with .pathType }}
            pathType: {{ . }}
            {{- end }}
            backend:
              service:
                name: {{ include "starter.fullname" $ }}
                port:
                  number: {{ $.Values.service.port }}
          {{- end }}
    {{- end }}
{{- end }}
"#;

const NOTES: &str = r#"{{ .Release.Name }} is there.
{{- if .Values.ingress.enabled }}
{{- range $host := .Values.ingress.hosts }}
{{- range .paths }}
  http{{ if $.Values.ingress.tls }}s{{ end }}://{{ $host.host }}{{ .path }}
{{- end }}
{{- end }}
{{- else if contains "NodePort" .Values.service.type }}
  kubectl get --namespace {{ .Release.Namespace }} -o jsonpath="{.spec.ports[0].nodePort}" services {{ include "starter.fullname" . }}
{{- else if contains "LoadBalancer" .Values.service.type }}
  kubectl get --namespace {{ .Release.Namespace }} service {{ include "starter.fullname" . }} --watch
{{- else if contains "ClusterIP" .Values.service.type }}
  kubectl --namespace {{ .Release.Namespace }} port-forward service/{{ include "starter.fullname" . }} 8080:{{ .Values.service.port }}
{{- end }}
"#;

const REACHABLE: &str = r#"apiVersion: v1
kind: Pod
metadata:
  name: "{{ include "starter.fullname" . }}-reachable"
  labels:
    {{- include "starter.labels" . | nindent 4 }}
  annotations:
    "helm.sh/hook": test
spec:
  containers:
    - name: ask
      image: busybox
      command: ['wget']
      args: ['{{ include "starter.fullname" . }}:{{ .Values.service.port }}']
  restartPolicy: Never
"#;
