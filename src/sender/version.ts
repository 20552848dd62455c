declare const __PACKAGE_VERSION__: string | undefined;

/** The version of this package. The build inserts it; sources that run without a build report 0.0.0. */
export const packageVersion: string =
  typeof __PACKAGE_VERSION__ === 'undefined' ? '0.0.0' : __PACKAGE_VERSION__;
