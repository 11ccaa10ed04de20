module goldenring/helm3

go 1.26
