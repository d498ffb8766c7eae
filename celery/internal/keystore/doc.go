// Package keystore writes values that others wait for, and never replaces one that is final.
package keystore
