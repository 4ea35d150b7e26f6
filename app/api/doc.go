// Package api binds operations to HTTP: Fiber carries, huma validates and documents, and the chain in between says who
// is asking and whether they may. No rule of the product lives here.
//
// The chain: listener limits · request id, panic boundary, security headers · Host · forwarded address · origin of unsafe
// methods · actor · rate · scope and permission · step-up · body limit · Idempotency-Key · validation · the function.
//
// Caveats: strings of Fiber are reused after a handler returns. Immutable is on and nothing keeps a Fiber context, yet
// whatever outlives a handler (streams) copies what it needs before.
package api
