/** PTX as text: lexer, parser, the module as data, and kernels with the functions they call put in place. Nothing here runs. */
package dev.tandem.ptx.text;
