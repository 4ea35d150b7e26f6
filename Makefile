# Two commands matter: "make run" and "make test". The others stand apart.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

TAGS      := -tags nodynamic
VERSION   ?= dev
LDFLAGS   := -s -w -X github.com/omniposto/omniposto/app.Version=$(VERSION)
CACHE     ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/omniposto/tests-1
VERSITY   := v1.8.0
SERVERS   := $(CACHE)/servers

export OMNIPOSTO_VERSITYGW := $(CACHE)/bin/versitygw
export OMNIPOSTO_SERVERS := $(SERVERS)

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: build ## Build everything, start with all data in ./data, print the link to open
	@exec ./bin/omniposto serve

.PHONY: build
build: ui ## Build bin/omniposto: one static binary with the web interface inside
	@CGO_ENABLED=0 go build $(TAGS) -trimpath -ldflags '$(LDFLAGS)' -o bin/omniposto .

.PHONY: ui
ui: ui/dist/index.html ## Build the web interface

ui/node_modules/.package-lock.json: ui/package-lock.json
	@cd ui && npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json

ui/dist/index.html: ui/node_modules/.package-lock.json ui/index.html ui/vite.config.ts ui/marks.ts $(wildcard app/connector/*/icon.svg) $(shell find ui/src ui/public -type f 2>/dev/null)
	@cd ui && npm run --silent build && touch dist/index.html

.PHONY: test-deps
test-deps: ui/node_modules/.package-lock.json ## Install what the tests need (Chromium, an S3 server, a Bluesky server, an OpenID provider)
	@mkdir -p $(CACHE)/bin
	if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
	  echo "installing Chromium"; (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-inter) >/dev/null
	fi
	if [ ! -x $(CACHE)/bin/versitygw ]; then
	  echo "building versitygw $(VERSITY)"; GOFLAGS= GOBIN=$(CACHE)/bin go install github.com/versity/versitygw/cmd/versitygw@$(VERSITY)
	fi
	if ! cmp -s ui/test/servers/package-lock.json $(SERVERS)/package-lock.json; then
	  echo "installing the Bluesky server and the OpenID provider"; rm -rf $(SERVERS); mkdir -p $(SERVERS)
	  cp ui/test/servers/package.json $(SERVERS)/ && cp ui/test/servers/package-lock.json $(SERVERS)/lock.tmp
	  (cd $(SERVERS) && mv lock.tmp package-lock.json && npm ci --no-audit --no-fund --loglevel=error) || { rm -f $(SERVERS)/package-lock.json; exit 1; }
	fi
	cp ui/test/servers/*.mjs $(SERVERS)/

.PHONY: test
test: ## Install what is needed and run every test
	@began=$$SECONDS; $(MAKE) -s test-deps; echo "test dependencies: $$((SECONDS - began)) s"
	began=$$SECONDS
	$(MAKE) -s test-ui
	$(MAKE) -s build
	$(MAKE) -s test-go
	$(MAKE) -s test-flows
	echo "all tests: $$((SECONDS - began)) s"

.PHONY: test-ui
test-ui:
	@cd ui && npm run --silent check && npm run --silent test

# Starts the real Bluesky server, runs the Go tests with the race detector, then what counts more than it races without
# it: the simulation, and the laws of most connectors ("make race" has those too). The kit, the suite itself and the
# connectors that it is tested with stay under the detector.
.PHONY: test-go
test-go:
	@log=$$(mktemp); NODE_ENV=test node $(SERVERS)/bluesky.mjs >$$log 2>/dev/null & pds=$$!
	trap 'kill $$pds 2>/dev/null || true; rm -f $$log' EXIT
	for _ in $$(seq 120); do grep -q '"url"' $$log && break; kill -0 $$pds; sleep 0.5; done
	export OMNIPOSTO_BLUESKY_PDS="$$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).url' $$log)"
	go vet $(TAGS) ./...
	plain="$$(go list $(TAGS) ./app/connector/... | grep -vE '/connector$$|/(conform|text|card|all|write|mastodon|bluesky|practice)$$')"
	CGO_ENABLED=1 go test $(TAGS) -race -timeout 14m $$(go list $(TAGS) ./... | grep -vxF "$$plain")
	CGO_ENABLED=0 go test $(TAGS) -timeout 14m $$plain
	SIM_SEEDS=3000 CGO_ENABLED=0 go test $(TAGS) -count=1 -timeout 10m -run 'TestSimulation$$' ./app/publish

.PHONY: race
race: ## Hold every connector to its laws under the race detector
	@CGO_ENABLED=1 go test $(TAGS) -race -count=1 -timeout 30m ./app/connector/...

.PHONY: test-flows
test-flows: build
	@node ui/test/flows/run.mjs --binary ./bin/omniposto

.PHONY: bench
bench: build test-deps ## Print the figures: machine, five runs, median and range
	@BENCH=1 go test $(TAGS) -count=1 -timeout 60m -run 'TestBench' -bench . -benchtime 1x -v ./store/bolt ./app/publish ./app | grep -vE '^(=== |--- |PASS|Benchmark|goos|goarch|pkg|cpu)'
	echo "a film of 1 GB, to a folder and to S3:"
	go test $(TAGS) -count=1 -timeout 20m -run TestLargeFilms -v ./app/media -gigabyte | grep -E 'memory:|FAIL' | sed 's/.*flat_test.go:[0-9]*: //'

.PHONY: crash
crash: ## 200 kills at random moments while deliveries run
	@CRASH_KILLS=$(or $(KILLS),200) go test $(TAGS) -count=1 -timeout 60m -run 'Kill' -v ./app/publish ./app

.PHONY: rotate-kills
rotate-kills: ## 20 kills while every key is changed under load
	@ROTATE_KILLS=$(or $(KILLS),20) go test $(TAGS) -count=1 -timeout 30m -run TestKillsDuringRotations -v ./app

.PHONY: simulate
simulate: ## 100,000 simulated worlds
	@SIM_SEEDS=$(or $(SEEDS),100000) CGO_ENABLED=0 go test $(TAGS) -count=1 -timeout 10h -run 'TestSimulation$$' -v ./app/publish

.PHONY: fuzz
fuzz: ## Fuzz every parser for a minute each
	@for pkg in $$(go list $(TAGS) ./...); do
	  for f in $$(go test $(TAGS) -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do
	    echo "== $$pkg $$f"; go test $(TAGS) -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(TIME),60s) -fuzzminimizetime 20x $$pkg
	  done
	done

.PHONY: nonces
nonces: ## Seal 10,000,000 times and compare the nonces
	@NONCES=$(or $(SEALS),10000000) go test $(TAGS) -count=1 -timeout 30m -run TestNoncesAreUnique -v ./app/base/secret

.PHONY: enumerate
enumerate: ## Measure whether answers tell by their time who is known here
	@ENUMERATE_SAMPLES=$(or $(SAMPLES),2000) CGO_ENABLED=0 go test $(TAGS) -count=1 -timeout 60m -run 'TakeTheSameTime' -v ./app

.PHONY: mutate
mutate: ## 100,000 changes of an audit bundle, each of which must be found
	@AUDIT_MUTATIONS=$(or $(COUNT),100000) go test $(TAGS) -count=1 -timeout 60m -run 'TestEveryChangeOfABundle' -v ./app/audit

.PHONY: long
long: race crash rotate-kills simulate mutate nonces fuzz enumerate ## Everything that takes long

.PHONY: lint
lint: ## Look for what compilers don't
	@test -z "$$(gofmt -l main.go app store ui/*.go)" || { gofmt -l main.go app store ui/*.go; exit 1; }
	go vet $(TAGS) ./...
	cd ui && npm run --silent check

.PHONY: generate
generate: build ## Write generated files anew
	@go generate ./...
	go test $(TAGS) ./app/config ./app -run 'Example|Generated' -update
	./bin/omniposto openapi > ui/src/api/openapi.json
	cd ui && npm run --silent types

.PHONY: screenshot
screenshot: build ## Make the picture of the README again
	@node ui/test/flows/screenshot.mjs ./bin/omniposto docs/home.png

.PHONY: clean
clean: ## Remove what was built
	@rm -rf bin ui/dist/assets ui/dist/index.html ui/node_modules
