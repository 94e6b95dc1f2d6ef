// Where the document and all that it describes are: a proxy may have put a path before it.
const root = new URL("..", location.href);

// Whether a server of the document is this one. The document may name others, or put a path before those that are served here; the page
// may only call this one.
const isHere = (server) => {
  try {
    return new URL(server.url, root).href === root.href;
  } catch {
    return false; // Its address has variables.
  }
};

window.onload = async () => {
  const ui = SwaggerUIBundle({
    url: "../openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    validatorUrl: null,
    defaultModelsExpandDepth: 2,
    defaultModelExpandDepth: 3,
    responseInterceptor: (answer) => {
      if (answer.url === new URL("openapi.json", root).href && answer.ok) {
        const document = JSON.parse(answer.text);
        if (document.servers?.length && !document.servers.some(isHere)) {
          document.servers.unshift({ url: root.pathname.replace(/(.)\/$/, "$1"), description: "This server" });
          answer.text = JSON.stringify(document);
        }
      }
      return answer;
    },
    onComplete: async () => {
      // Only the local issuer gives a token away, and only to this page.
      const answer = await fetch("token");
      if (answer.status === 200) {
        const token = await answer.text();
        const schemes = ui.specSelectors.specJson().toJS().components?.securitySchemes ?? {};
        for (const [name, scheme] of Object.entries(schemes)) {
          if (scheme.type === "http" && scheme.scheme.toLowerCase() === "bearer") {
            ui.preauthorizeApiKey(name, token);
          } else if (scheme.type === "oauth2" || scheme.type === "openIdConnect") {
            const granted = { access_token: token, token_type: "Bearer" };
            ui.authActions.authorizeOauth2({ auth: { name, schema: scheme }, token: granted });
          }
        }
      }
    },
  });
  window.ui = ui;
};
