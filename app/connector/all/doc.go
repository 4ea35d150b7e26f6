// Package all is the generated list of connectors. A connector is added by its folder; then go generate ./app/connector/all.
package all

//go:generate go run ./write
