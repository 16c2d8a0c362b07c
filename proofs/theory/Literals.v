(* Reading long lists of numbers.

   Decimal literals are slow to parse, and lists of tuples slow to type. So integers are packed into machine integers:
   the header 2 n + s (s = 1 for a negative one) and then the n digits to base 2^60, least first. Reading is not part of what
   is trusted: whatever comes out, the checker checks it. *)
From Coq Require Import ZArith List Uint63.
From Pep Require Import Ring.
Import ListNotations.
Open Scope Z_scope.

Fixpoint digits (n : nat) (l : list int) : Z * list int := match n with
  | O => (0, l)
  | S n' => match l with
    | [] => (0, [])
    | x :: l' => let '(v, rest) := digits n' l' in (Uint63.to_Z x + Z.shiftl v 60, rest)
    end
  end.

Fixpoint decode_with (fuel : nat) (l : list int) : list Z := match fuel, l with
  | S fuel', header :: l' =>
    let h := Uint63.to_Z header in
    let '(v, rest) := digits (Z.to_nat (Z.shiftr h 1)) l' in
    (if Z.odd h then - v else v) :: decode_with fuel' rest
  | _, _ => []
  end.

Definition decode (l : list int) : list Z := decode_with (length l) l.

Section Groups.
Variable K : ring.

Fixpoint coordinates_with (fuel : nat) (l : list Z) : list K := match fuel, l with
  | S fuel', _ :: _ => element K (firstn (width K) l) :: coordinates_with fuel' (skipn (width K) l)
  | _, _ => []
  end.
Definition coordinates (l : list Z) : list K := coordinates_with (length l) l.

Fixpoint pairs_with (fuel : nat) (l : list Z) : list (nat * K) := match fuel, l with
  | S fuel', i :: l' => (Z.to_nat i, element K (firstn (width K) l')) :: pairs_with fuel' (skipn (width K) l')
  | _, _ => []
  end.
Definition pairs (l : list Z) : list (nat * K) := pairs_with (length l) l.

Fixpoint triples_with (fuel : nat) (l : list Z) : list (nat * nat * K) := match fuel, l with
  | S fuel', i :: j :: l' =>
    (Z.to_nat i, Z.to_nat j, element K (firstn (width K) l')) :: triples_with fuel' (skipn (width K) l')
  | _, _ => []
  end.
Definition triples (l : list Z) : list (nat * nat * K) := triples_with (length l) l.

Definition integer_column (l : list int) : list K := map (scalar K) (decode l).
End Groups.
