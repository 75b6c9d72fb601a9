/** Runs as pages of a small server for the browser of the same machine. */
package dev.tandem.cli.ui;
