package connector_test

import (
	"context"
	"errors"
	"net"

	"github.com/omniposto/omniposto/app/base/outbound"
)

// outboundRecorder is a network that only notes where it should have gone.
func outboundRecorder(dialled *[]string) outbound.Dial {
	return func(_ context.Context, _, address string) (net.Conn, error) {
		*dialled = append(*dialled, address)
		return nil, errors.New("noted")
	}
}
