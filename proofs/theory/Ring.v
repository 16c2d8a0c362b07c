(* Rings of coefficients.

   [ring] is what the checker computes with; [realisation] says which real numbers its elements are. Apart from the ring
   operations the checker asks three questions: is it zero, is it not negative, and what bounds its absolute value. Only
   the answers "yes" have to be right, so a ring may give up and say "no". *)
From Coq Require Import Reals Lra Psatz ZArith List Bool.
Import ListNotations.
Open Scope R_scope.

Record ring := Ring {
  carrier :> Type;
  c0 : carrier;
  c1 : carrier;
  cadd : carrier -> carrier -> carrier;
  cmul : carrier -> carrier -> carrier;
  copp : carrier -> carrier;
  is_zero : carrier -> bool;
  nonnegative : carrier -> bool;
  bound : carrier -> carrier;
  scalar : Z -> carrier;                  (* integers in the ring *)
  width : nat;                            (* number of integer coordinates of an element *)
  element : list Z -> carrier }.          (* the element with these coordinates *)

Record realisation (K : ring) := Realisation {
  value : K -> R;
  value_0 : value (c0 K) = 0;
  value_1 : value (c1 K) = 1;
  value_add : forall a b, value (cadd K a b) = value a + value b;
  value_mul : forall a b, value (cmul K a b) = value a * value b;
  value_opp : forall a, value (copp K a) = - value a;
  value_scalar : forall z, value (scalar K z) = IZR z;
  is_zero_ok : forall a, is_zero K a = true -> value a = 0;
  nonnegative_ok : forall a, nonnegative K a = true -> 0 <= value a;
  bound_ok : forall a, Rabs (value a) <= value (bound K a) }.

Arguments value {K}. Arguments value_0 {K}. Arguments value_1 {K}. Arguments value_add {K}.
Arguments value_mul {K}. Arguments value_opp {K}. Arguments is_zero_ok {K}. Arguments nonnegative_ok {K}.
Arguments bound_ok {K}. Arguments value_scalar {K}.

(* Positive by a margin of 2^-64. *)
Definition is_positive (K : ring) (a : K) : bool :=
  nonnegative K (cadd K (cmul K (scalar K (2 ^ 64)) a) (copp K (c1 K))).
Definition nonzero (K : ring) (a : K) : bool := is_positive K a || is_positive K (copp K a).

Lemma is_positive_ok : forall K (E : realisation K) a, is_positive K a = true -> 0 < value E a.
Proof.
  intros K E a H. apply (nonnegative_ok E) in H. rewrite value_add, value_mul, value_scalar, value_opp, value_1 in H.
  assert (0 < IZR (2 ^ 64)) by (apply IZR_lt; reflexivity). nra.
Qed.

Lemma nonzero_ok : forall K (E : realisation K) a, nonzero K a = true -> value E a <> 0.
Proof.
  intros K E a H. unfold nonzero in H. apply orb_true_iff in H. destruct H as [H|H]; apply (is_positive_ok K E) in H.
  - lra.
  - rewrite value_opp in H. lra.
Qed.
