package dev.tandem.learning;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A test to the bit of a backend, run on every backend of this machine; the oracle does not round
 * as F32 does.
 */
@ParameterizedTest(autoCloseArguments = false) // tests share the backends
@MethodSource("dev.tandem.learning.Machines#real")
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnRealMachines {}
