// Package access decides who may: an Actor (who is asking, with which roles and how fresh a second factor) against a
// Permission in an organization or workspace. It is one table and no storage: package identity and organization fill
// the Actor. Who did something is recorded by audit, who helped by support, whose data it is by privacy.
package access
