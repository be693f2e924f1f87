// Package core is the architecture page.
package core
