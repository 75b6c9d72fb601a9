package dev.tandem.learning;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A test of a backend, run on the oracle and on every backend of this machine. */
@ParameterizedTest(autoCloseArguments = false) // tests share the backends
@MethodSource("dev.tandem.learning.Machines#all")
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnEveryMachine {}
