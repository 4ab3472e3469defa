// Package httpguard protects net/http services with the predicates of an [rbac.Authority].
package httpguard
