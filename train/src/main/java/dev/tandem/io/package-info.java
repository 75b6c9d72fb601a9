/** Files: tensors in the safetensors format, and writing that either replaces a file whole or leaves it as it was. */
package dev.tandem.io;
