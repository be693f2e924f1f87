package rsa

// names returns those of the rows of a table.
func names[T any](table []T, name func(T) string) []string {
	list := make([]string, len(table)) // heap: a table of the package
	for k, row := range table {
		list[k] = name(row)
	}
	return list
}
