package dev.tandem.learning;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A test of a backend, run on those that compute in F64. */
@ParameterizedTest(autoCloseArguments = false) // tests share the backends
@MethodSource("dev.tandem.learning.Machines#doubles")
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnDoubles {}
