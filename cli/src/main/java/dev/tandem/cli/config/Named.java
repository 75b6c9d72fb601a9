package dev.tandem.cli.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** One of the kinds that a sealed interface permits: what it is, and its name where that is not its class' in snake case. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Named {
  /** What it is. */
  String value();

  /** The name to write; empty for the class' name in snake case. */
  String as() default "";

  /** The key that {@code --data} writes; empty where the kind has no such key. */
  String data() default "";

  /** Names that people write instead: not accepted, but answered with the right one. */
  String[] mistaken() default {};
}
