// Command omniposto is a social media publisher in one program: server, web interface and command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/omniposto/omniposto/app"
	"github.com/omniposto/omniposto/app/media"
)

func main() {
	media.ChildMain() // a decoder of pictures, when this process was started as one
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
