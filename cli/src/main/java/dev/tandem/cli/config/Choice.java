package dev.tandem.cli.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How a choice among the kinds of a sealed interface is written. A kind whose keys all have defaults may be a bare word. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Choice {
  /** What one of them is called in messages: "layer". */
  String value();

  /**
   * Whether the kind is the only key, {@code linear: {units: 10}}, and its first setting may stand for all, {@code linear:
   * 10}. Otherwise the kind is a key beside the others, {@code {kind: adam, lr: 0.001}}.
   */
  boolean named() default false;
}
