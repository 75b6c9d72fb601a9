/** A run as a page for a browser, made from the files of its folder alone. */
package dev.tandem.cli.report;
