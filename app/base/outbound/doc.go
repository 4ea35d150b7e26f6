// Package outbound is the only way out: every connection that the product opens is dialled here, under one of two
// policies. Guarded is for addresses that people or platforms give; it looks at the address really being connected to,
// after the name was resolved, on every hop. Configured is for addresses that the operator wrote into the configuration.
// Both set limits for time and size, use no proxy and follow no redirect unless asked.
//
// Shot sends one request whose effect can't be taken back: on a connection of its own, over HTTP/1.1, never sent again
// by the transport, with a last look between the dial and the first byte.
//
// Caveats: a name that resolves to several addresses is refused only if no permitted one answers. What a permitted
// server does with a request is beyond this package.
//
// Why a connection of its own: Go's transport sends a request again when a kept connection breaks and the request looks
// repeatable to it, which an Idempotency-Key header already makes it. A commit must never be sent again in silence, and
// a kept connection that was closed meanwhile would turn "not sent" into doubt. Why our own table beside
// code.dny.dev/ssrf: that library says "prohibited", a person needs to be told what kind of address it was, and two
// tables that were written apart miss less than one.
package outbound
