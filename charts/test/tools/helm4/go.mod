module goldenring/helm4

go 1.26
