// What a cluster needs besides the programs of Kubernetes, in one file: it is the program whose name it is started by.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	helm "helm.sh/helm/v4/pkg/cmd"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"k8s.io/apiserver/pkg/server"
	metrics "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "coredns":
		// Only these, in the order in which they see a question.
		dnsserver.Directives = []string{"errors", "cache", "loadbalance", "kubernetes"}
		coremain.Run()
	case "metrics-server":
		exit(metrics.NewMetricsServerCommand(server.SetupSignalHandler()).Execute())
	case "helm":
		helmkube.ManagedFieldsManager = "helm"
		command, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
		if err == nil {
			err = command.Execute()
		}
		exit(err)
	default:
		exit(fmt.Errorf("%s is none of coredns, metrics-server and helm", name))
	}
}

func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	var failed helm.CommandError
	if errors.As(err, &failed) {
		os.Exit(failed.ExitCode)
	}
	os.Exit(1)
}
