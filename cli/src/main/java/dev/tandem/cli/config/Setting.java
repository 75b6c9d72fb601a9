package dev.tandem.cli.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A key of the config: a component of a record. Its name is the component's in snake case, its type the component's.
 * Without a default the key is required, unless its type is Optional, or a record all of whose keys have defaults.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /** What it is, with its unit. */
  String value();

  /** The default, as it would be written; empty for none. */
  String otherwise() default "";

  /** The least value. */
  double min() default Double.NEGATIVE_INFINITY;

  /** Values must be greater. */
  double above() default Double.NEGATIVE_INFINITY;

  /** The greatest value. */
  double max() default Double.POSITIVE_INFINITY;

  /** Values must be less. */
  double below() default Double.POSITIVE_INFINITY;

  /** A good value, for messages; the default serves where this is empty. */
  String example() default "";

  /** Names that people write instead: not accepted, but answered with the right one. */
  String[] mistaken() default {};
}
