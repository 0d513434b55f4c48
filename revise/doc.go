// Package revise changes a YAML file that people write: values are set and taken out where they stand, and all else, comments and the way it
// is laid out, stays as it was. It says what would change line by line, and replaces the file on disk whole or not at all, unless somebody
// else has changed it meanwhile. It knows nothing about what the file means.
package revise
