/** The packaged application in clean containers: what a machine has, and has not, that Tandem did not bring along. */
package dev.tandem.containers;
