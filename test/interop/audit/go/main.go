// Checks what our server signs and proves with another implementation, and makes vectors ours is checked with:
//
//	go run . check FILE   verifies a file of the test's making (see form.go), or says what is wrong
//	go run . make         writes vectors.json's content to standard output, the same each time
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "check":
		return checkFile(args[1])
	case len(args) == 1 && args[0] == "make":
		made, err := makeVectors()
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(made)
	}
	return fmt.Errorf("usage: check FILE | make")
}
