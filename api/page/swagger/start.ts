/** Starts Swagger UI on the API's own description. The bundle before this script defines the global function. */
import { isDark } from "../src/theme.ts";

interface SwaggerUi {
  (settings: Readonly<Record<string, unknown>>): unknown;
  readonly presets: { readonly apis: unknown };
}

declare const SwaggerUIBundle: SwaggerUi;

document.documentElement.classList.toggle("dark-mode", isDark());

SwaggerUIBundle({
  url: "/swagger/v1/swagger.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  // Else the description would be sent to a validator on the internet.
  validatorUrl: null,
});
