export { OBJECTIVES, type Objectives } from "./objectives.ts";
