// Oracle renders templates with Helm's own engine: the first line of its input is the values as JSON,
// every further line a template as a JSON string. Each answer is a line of JSON: {"out": ...} or
// {"error": ...}.
//
// Build it beside the repository: `cd fuzz/oracle && go mod tidy && go build -o /tmp/oracle .`
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"os"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

const name = "c/templates/t.yaml"

func render(template string, values []byte) (string, error) {
	own := map[string]any{}
	if err := json.Unmarshal(values, &own); err != nil {
		return "", err
	}
	c := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "c", Version: "1.2.3"},
		Templates: []*common.File{{Name: "templates/t.yaml", Data: []byte(template)}},
	}
	release := common.ReleaseOptions{Name: "rel", Namespace: "ns", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, own, release, nil)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return "", err
	}
	return files[name], nil
}

func main() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	values, err := in.ReadBytes('\n')
	if err != nil {
		os.Exit(2)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var template string
		if err := json.Unmarshal(line, &template); err != nil {
			os.Exit(2)
		}
		text, err := render(template, values)
		answer := map[string]string{"out": text}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		if encoder.Encode(answer) != nil || out.Flush() != nil {
			return
		}
	}
}
