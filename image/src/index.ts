/** The API as a container image, and bills of materials. */

export { type BuildOptions, type Built, build, push } from "./build.ts";
export { type Component, componentsOfBunLock, componentsOfDebian, cycloneDx, merged } from "./components.ts";
