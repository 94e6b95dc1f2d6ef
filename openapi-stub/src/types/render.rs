//! Types as Rust.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    Field, Item, Shape, Type, Variant, cycles,
    lower::{Types, reason},
};
use crate::{docs, names::ident};

impl Types<'_> {
    /// Every type that was met, each as an item of Rust. No more are met after this.
    pub fn render(&mut self) -> Vec<TokenStream> {
        cycles::settle(&mut self.items);
        self.items.iter().map(|item| self.item_tokens(item)).collect()
    }

    /// How a type is written in a module that knows the others by this path.
    pub fn name(&self, kind: &Type, path: &TokenStream) -> TokenStream {
        let of = |inner: &Type| self.name(inner, path);
        match kind {
            Type::Any(_) => quote!(serde_json::Value),
            Type::Plain(name) => name.parse().unwrap_or_default(),
            Type::Option(inner) => {
                let inner = of(inner);
                quote!(Option<#inner>)
            }
            Type::Vec(inner) => {
                let inner = of(inner);
                quote!(Vec<#inner>)
            }
            Type::Map(inner) => {
                let inner = of(inner);
                quote!(std::collections::BTreeMap<String, #inner>)
            }
            Type::Box(inner) => {
                let inner = of(inner);
                quote!(Box<#inner>)
            }
            Type::Named(id) => {
                let name = ident(&self.items[*id].name);
                quote!(#path #name)
            }
        }
    }

    fn own(&self, kind: &Type) -> TokenStream {
        self.name(kind, &TokenStream::new())
    }

    fn item_tokens(&self, item: &Item) -> TokenStream {
        let name = ident(&item.name);
        let mut lines = item.docs.clone();
        if let Shape::Alias(kind) = &item.shape
            && let Some(reason) = reason(kind)
        {
            docs::paragraph(&mut lines, vec![format!("Any JSON: {reason}")]);
        }
        let docs = docs::attributes(&lines);
        let derive = quote!(#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]);
        match &item.shape {
            Shape::Alias(kind) => {
                let kind = self.own(kind);
                quote!(#docs pub type #name = #kind;)
            }
            Shape::Wrapper(kind) => {
                let kind = self.own(kind);
                quote!(#docs #derive #[serde(transparent)] pub struct #name(pub #kind);)
            }
            Shape::Struct { fields, additional } => {
                let fields = fields.iter().map(|field| self.field(field));
                let additional = additional.as_ref().map(|(name, kind)| {
                    let (name, kind) = (ident(name), self.own(&Type::Map(Box::new(kind.clone()))));
                    quote!(#[doc = " What is not listed."] #[serde(flatten)] pub #name: #kind)
                });
                let fields = fields.chain(additional);
                quote!(#docs #derive pub struct #name { #(#fields,)* })
            }
            Shape::Texts(texts) => {
                let variants = texts.iter().map(|(name, text)| {
                    let rename = (name != text).then(|| quote!(#[serde(rename = #text)]));
                    let name = ident(name);
                    quote!(#rename #name)
                });
                quote!(#docs #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)] pub enum #name { #(#variants,)* })
            }
            Shape::Integers(integers) => integers_tokens(&name, &docs, integers),
            Shape::Union { variants, tag: None } => {
                let variants = variants.iter().map(|variant| self.variant(variant));
                quote!(#docs #derive #[serde(untagged)] pub enum #name { #(#variants,)* })
            }
            Shape::Union { variants, tag: Some((property, values)) } => {
                let arms = values.iter().map(|(value, variant)| {
                    let variant = ident(&variants[*variant].name);
                    quote!(Some(#value) => serde_json::from_value(value).map(Self::#variant),)
                });
                let arms = quote!(#(#arms)*);
                let variants = variants.iter().map(|variant| self.variant(variant));
                let unknown = format!("{property} names no variant");
                quote! {
                    #docs
                    #[derive(Debug, Clone, PartialEq, Serialize)]
                    #[serde(untagged)]
                    pub enum #name { #(#variants,)* }

                    impl<'de> Deserialize<'de> for #name {
                        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                            let value = serde_json::Value::deserialize(deserializer)?;
                            let read = match value[#property].as_str() {
                                #arms
                                _ => return Err(serde::de::Error::custom(#unknown)),
                            };
                            read.map_err(serde::de::Error::custom)
                        }
                    }
                }
            }
        }
    }

    fn field(&self, field: &Field) -> TokenStream {
        let docs = docs::attributes(&field.docs);
        let is_optional = |kind: &Type| match cycles::expanded(&self.items, kind) {
            kind @ Type::Option(_) => Some(kind),
            _ => None,
        };
        // An alias of an `Option` is written as what it stands for: serde knows an `Option` by its name.
        let kind = is_optional(&field.kind).unwrap_or_else(|| field.kind.clone());
        let kind = if field.required { kind } else { kind.optional() };
        let mut serde = Vec::new();
        let name = ident(&field.name);
        // serde leaves out the `r#` of a raw identifier.
        if name.to_string().trim_start_matches("r#") != field.property {
            let property = &field.property;
            serde.push(quote!(rename = #property));
        }
        if !field.required {
            serde.push(match kind {
                Type::Any(_) => quote!(default, skip_serializing_if = "serde_json::Value::is_null"),
                _ => quote!(default, skip_serializing_if = "Option::is_none"),
            });
        }
        let serde = (!serde.is_empty()).then(|| quote!(#[serde(#(#serde),*)]));
        let kind = self.own(&kind);
        quote!(#docs #serde pub #name: #kind)
    }

    fn variant(&self, variant: &Variant) -> TokenStream {
        let (name, kind) = (ident(&variant.name), self.own(&variant.kind));
        quote!(#name(#kind))
    }
}

fn integers_tokens(name: &proc_macro2::Ident, docs: &TokenStream, integers: &[(String, i64)]) -> TokenStream {
    let numbers: Vec<Literal> = integers.iter().map(|(_, integer)| Literal::i64_unsuffixed(*integer)).collect();
    let variants: Vec<_> = integers.iter().map(|(name, _)| ident(name)).collect();
    quote! {
        #docs
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub enum #name { #(#variants,)* }

        impl TryFrom<i64> for #name {
            type Error = String;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                match number {
                    #(#numbers => Ok(Self::#variants),)*
                    _ => Err(format!("{number} is none of the values")),
                }
            }
        }

        impl From<#name> for i64 {
            fn from(value: #name) -> Self {
                match value {
                    #(#name::#variants => #numbers,)*
                }
            }
        }
    }
}
