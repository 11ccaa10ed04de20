module goldenring/kubeconform

go 1.26
