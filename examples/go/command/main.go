// Greets whom its arguments name.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	whom := "world"
	if len(os.Args) > 1 {
		whom = strings.Join(os.Args[1:], " and ")
	}
	fmt.Printf("Hello %s from Go\n", whom)
}
