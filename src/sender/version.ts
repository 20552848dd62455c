declare const __PACKAGE_VERSION__: string | undefined;

/** The package's own version: put in by the build; sources that run as they are have none. */
export const packageVersion: string =
  typeof __PACKAGE_VERSION__ === 'undefined' ? '0.0.0' : __PACKAGE_VERSION__;
