// Package op declares operations: a capability with its id, path, permission, input, output, errors and audit action,
// said once beside the code that does it. From the same value come the HTTP route with validation, the OpenAPI
// document, the typed client of the web interface, the command-line call and the tests that walk all operations.
//
// A noun returns its list; the wiring concatenates them. Only Draft.Needs and Draft.Public make an Operation, so an
// operation without a permission does not compile.
//
// Why huma here: huma.Register is generic and Go has no generic methods, so the closure that knows the types must be
// made where the types are known. Only op and api import huma; only api imports Fiber.
package op
